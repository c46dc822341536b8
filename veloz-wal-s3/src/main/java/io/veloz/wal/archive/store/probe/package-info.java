/** Checks that test whether an object store meets the requirements of an archive. */
@NullMarked
package io.veloz.wal.archive.store.probe;

import org.jspecify.annotations.NullMarked;
