/** Typed order events, the state they add up to, and their bytes in the log. */
@NullMarked
package io.veloz.wal.orders;

import org.jspecify.annotations.NullMarked;
