/** Restores a log from a proven archive. */
@NullMarked
package io.veloz.wal.archive.internal.restore;

import org.jspecify.annotations.NullMarked;
