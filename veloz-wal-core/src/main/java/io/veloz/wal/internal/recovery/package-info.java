/** Analysis and recovery of the directory as a whole, before the first append. */
@NullMarked
package io.veloz.wal.internal.recovery;

import org.jspecify.annotations.NullMarked;
