/** Optional: the log's numbers for Micrometer. Needs micrometer-core on the class path, which the log itself does not. */
@NullMarked
package io.veloz.wal.metrics;

import org.jspecify.annotations.NullMarked;
