/** The writer of an archive: takes office, keeps the ship log, reads the local log, and never gives up by itself. */
@NullMarked
package io.veloz.wal.archive.internal.ship;

import org.jspecify.annotations.NullMarked;
