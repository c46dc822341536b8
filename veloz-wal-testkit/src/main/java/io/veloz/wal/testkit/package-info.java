/** Crash tests for programs that use the log: a disk that fails like real ones, and every crash point of a workload. */
@NullMarked
package io.veloz.wal.testkit;

import org.jspecify.annotations.NullMarked;
