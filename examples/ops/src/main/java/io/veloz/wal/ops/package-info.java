/** The operator's tool: one small class per command. It uses only the public API of the log. */
@NullMarked
package io.veloz.wal.ops;

import org.jspecify.annotations.NullMarked;
