/** The seam between the log and a disk: the only place that knows files, and the place where tests put a faulty one. */
@NullMarked
package io.veloz.wal.storage;

import org.jspecify.annotations.NullMarked;
