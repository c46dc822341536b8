/** The write path of an open log: appenders, the commit thread, the housekeeping thread and the notifier thread. */
@NullMarked
package io.veloz.wal.internal.commit;

import org.jspecify.annotations.NullMarked;
