/** The format of an archive: slots, LZ4 frames, keys. Depends on neither stores nor threads. See docs/archive.md. */
@NullMarked
package io.veloz.wal.archive.internal.format;

import org.jspecify.annotations.NullMarked;
