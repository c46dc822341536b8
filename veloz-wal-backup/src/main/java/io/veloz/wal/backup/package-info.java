/** Recovery points of a whole engine in the archive of its log, their recovery, drills and retention. */
@NullMarked
package io.veloz.wal.backup;

import org.jspecify.annotations.NullMarked;
