/** Metrics of a shipper for Micrometer, an optional dependency that only this package needs. */
@NullMarked
package io.veloz.wal.archive.metrics;

import org.jspecify.annotations.NullMarked;
