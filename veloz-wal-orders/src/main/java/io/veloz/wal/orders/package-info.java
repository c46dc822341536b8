/** Typed order events, the state of the orders, and their encoding in the log. */
@NullMarked
package io.veloz.wal.orders;

import org.jspecify.annotations.NullMarked;
