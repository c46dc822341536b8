/** The objects of an archive as bytes: slots, LZ4 frames, keys. Knows no store and no thread. See docs/archive.md. */
@NullMarked
package io.veloz.wal.archive.internal.format;

import org.jspecify.annotations.NullMarked;
