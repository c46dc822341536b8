/** The logs that are measured: this one, and logs of the fewest lines that a durable log can have, which are the floor. */
@NullMarked
package io.veloz.wal.bench.log;

import org.jspecify.annotations.NullMarked;
