/** A small order engine that keeps its orders in the log. */
@NullMarked
package io.veloz.wal.engine;

import org.jspecify.annotations.NullMarked;
