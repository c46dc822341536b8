/** One segment file at a time: made, written, sealed, scanned. No threads, and no idea of a directory as a whole. */
@NullMarked
package io.veloz.wal.internal.segment;

import org.jspecify.annotations.NullMarked;
