/**
 * Health, metrics, orders and a status page of an engine over HTTP: {@link io.veloz.wal.http.WalHttpServer}. It depends on
 * the HTTP server of the JDK only.
 */
@NullMarked
package io.veloz.wal.http;

import org.jspecify.annotations.NullMarked;
