/** The object store API, and the directory store. Other stores plug in by URI scheme. */
@NullMarked
package io.veloz.wal.archive.store;

import org.jspecify.annotations.NullMarked;
