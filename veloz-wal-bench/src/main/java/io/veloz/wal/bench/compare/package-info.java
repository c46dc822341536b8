/** The comparison of this log, the hand-made logs and the peers: the run, its tables and its plots. */
@NullMarked
package io.veloz.wal.bench.compare;

import org.jspecify.annotations.NullMarked;
