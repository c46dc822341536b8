/** Programs that measure the log and its archive; docs/benchmarks.md says how, and what was seen. */
@NullMarked
package io.veloz.wal.bench;

import org.jspecify.annotations.NullMarked;
