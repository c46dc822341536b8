/** The writer of an archive: acquires an epoch, reads the local log, and puts slots and objects. It retries indefinitely. */
@NullMarked
package io.veloz.wal.archive.internal.ship;

import org.jspecify.annotations.NullMarked;
