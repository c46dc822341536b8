/** Measures the disk and the machine under a log, and derives findings and settings from the figures. */
@NullMarked
package io.veloz.wal.ops.doctor;

import org.jspecify.annotations.NullMarked;
