/** The two files that hold an application's state at a sequence. */
@NullMarked
package io.veloz.wal.internal.checkpoint;

import org.jspecify.annotations.NullMarked;
