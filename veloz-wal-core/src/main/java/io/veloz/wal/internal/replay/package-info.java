/** Reading of a log from its oldest record to its newest, with or without a concurrent writer. */
@NullMarked
package io.veloz.wal.internal.replay;

import org.jspecify.annotations.NullMarked;
