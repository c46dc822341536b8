/** The care of an archive: its chain of records, retention, holds and marks. Never writes to the ship log. */
@NullMarked
package io.veloz.wal.archive.internal.care;

import org.jspecify.annotations.NullMarked;
