/** The events of an archive in recordings of the JDK Flight Recorder. Other packages begin them with {@code JfrEvents}. */
@NullMarked
package io.veloz.wal.archive.internal.jfr;

import org.jspecify.annotations.NullMarked;
