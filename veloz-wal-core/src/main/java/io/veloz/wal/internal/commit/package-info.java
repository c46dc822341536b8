/** The threads: many appenders, one that commits, one that keeps house, one that notifies. */
@NullMarked
package io.veloz.wal.internal.commit;

import org.jspecify.annotations.NullMarked;
