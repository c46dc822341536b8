/** The pace of requests to a store: waiting, rate limit, backoff. Depends on neither slots nor logs. */
@NullMarked
package io.veloz.wal.archive.internal.io;

import org.jspecify.annotations.NullMarked;
