/** A small order engine that stores its orders in the log. */
@NullMarked
package io.veloz.wal.engine;

import org.jspecify.annotations.NullMarked;
