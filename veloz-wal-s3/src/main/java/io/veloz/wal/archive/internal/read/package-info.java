/** Reading of the log in an archive without a restore. */
@NullMarked
package io.veloz.wal.archive.internal.read;

import org.jspecify.annotations.NullMarked;
