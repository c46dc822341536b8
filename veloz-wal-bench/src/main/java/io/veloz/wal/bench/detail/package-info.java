/**
 * Programs that measure one property of the log each, next to its floor in the same run on the same directory. Each prints ratios
 * to the floor, and takes {@code --help}, {@code --dir} and {@code --smoke}.
 */
@NullMarked
package io.veloz.wal.bench.detail;

import org.jspecify.annotations.NullMarked;
