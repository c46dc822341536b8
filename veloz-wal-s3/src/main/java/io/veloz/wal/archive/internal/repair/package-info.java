/** Repair of a log from its archive, and of an archive from its log. */
@NullMarked
package io.veloz.wal.archive.internal.repair;

import org.jspecify.annotations.NullMarked;
