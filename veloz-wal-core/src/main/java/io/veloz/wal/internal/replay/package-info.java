/** Reading a log from its oldest record to its newest, beside a writer or without one. */
@NullMarked
package io.veloz.wal.internal.replay;

import org.jspecify.annotations.NullMarked;
