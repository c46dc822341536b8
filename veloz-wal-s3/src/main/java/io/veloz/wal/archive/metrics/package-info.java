/** The archive's figures for Micrometer, which is needed only by those who use this package. */
@NullMarked
package io.veloz.wal.archive.metrics;

import org.jspecify.annotations.NullMarked;
