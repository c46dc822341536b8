/** Read-only access to the order logs that the engine wrote itself before it used this library. */
@NullMarked
package io.veloz.wal.legacy;

import org.jspecify.annotations.NullMarked;
