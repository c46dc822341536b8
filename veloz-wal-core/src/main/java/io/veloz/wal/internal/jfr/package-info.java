/** The events of a log in recordings of the JDK Flight Recorder. Other packages begin them with {@code JfrEvents}. */
@NullMarked
package io.veloz.wal.internal.jfr;

import org.jspecify.annotations.NullMarked;
