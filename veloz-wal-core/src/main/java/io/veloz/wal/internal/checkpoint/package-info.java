/** Checkpoints: the two files with the state of an application at a sequence. */
@NullMarked
package io.veloz.wal.internal.checkpoint;

import org.jspecify.annotations.NullMarked;
