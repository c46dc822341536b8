/** The archive of a log in an object store: shipping, verification, salvage. */
@NullMarked
package io.veloz.wal.archive;

import org.jspecify.annotations.NullMarked;
