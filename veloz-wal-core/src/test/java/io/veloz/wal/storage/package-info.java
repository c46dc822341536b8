/** What the log asks of a directory of the operating system. */
@NullMarked
package io.veloz.wal.storage;

import org.jspecify.annotations.NullMarked;
