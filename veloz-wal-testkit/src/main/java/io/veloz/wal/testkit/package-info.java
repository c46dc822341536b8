/** Tests of a program that uses the log: a disk that fails as real ones do, and all the moments at which it can. */
@NullMarked
package io.veloz.wal.testkit;

import org.jspecify.annotations.NullMarked;
