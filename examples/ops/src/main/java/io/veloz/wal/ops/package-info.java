/** The operator's tool: one small class for each command, on the public API of the log alone. */
@NullMarked
package io.veloz.wal.ops;

import org.jspecify.annotations.NullMarked;
