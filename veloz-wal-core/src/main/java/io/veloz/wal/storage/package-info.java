/** The interface between the log and the file system. Tests replace it with a storage that injects faults. */
@NullMarked
package io.veloz.wal.storage;

import org.jspecify.annotations.NullMarked;
