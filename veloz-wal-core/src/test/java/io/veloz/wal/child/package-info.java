/** Programs that tests start as separate processes. */
@NullMarked
package io.veloz.wal.child;

import org.jspecify.annotations.NullMarked;
