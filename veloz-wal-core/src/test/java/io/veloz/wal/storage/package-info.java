/** Tests of the storage in a directory of the file system. */
@NullMarked
package io.veloz.wal.storage;

import org.jspecify.annotations.NullMarked;
