/** What the log measures of itself: counters, the phases of commits, stalls. No thread waits here. */
@NullMarked
package io.veloz.wal.internal.stats;

import org.jspecify.annotations.NullMarked;
