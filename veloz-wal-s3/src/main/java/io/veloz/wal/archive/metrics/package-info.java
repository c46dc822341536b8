/** Metrics of a shipper and of a standby for Micrometer, an optional dependency that only this package needs. */
@NullMarked
package io.veloz.wal.archive.metrics;

import org.jspecify.annotations.NullMarked;
