/** Encrypts what an archive contains, and authenticates it when it is read. */
@NullMarked
package io.veloz.wal.archive.internal.crypt;

import org.jspecify.annotations.NullMarked;
