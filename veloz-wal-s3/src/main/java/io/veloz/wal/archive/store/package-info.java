/** Where archives are kept: the seam to object stores, and the directory store. New ones plug in by URI scheme. */
@NullMarked
package io.veloz.wal.archive.store;

import org.jspecify.annotations.NullMarked;
