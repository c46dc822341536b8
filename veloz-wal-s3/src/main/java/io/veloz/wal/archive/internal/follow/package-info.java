/** A standby: a directory that follows an archive, and its promotion. Not API. */
@NullMarked
package io.veloz.wal.archive.internal.follow;

import org.jspecify.annotations.NullMarked;
