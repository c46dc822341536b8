/** Layouts, checksums and names. Nothing here opens a file or starts a thread. */
@NullMarked
package io.veloz.wal.internal.format;

import org.jspecify.annotations.NullMarked;
