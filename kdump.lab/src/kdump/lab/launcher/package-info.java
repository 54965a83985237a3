// SPDX-License-Identifier: Apache-2.0
/**
 * What {@code ./lab} starts: a Felix framework in this JVM, the bundles that the build lists, and
 * the one command. It is a plain program on the class path, not a running bundle.
 */
package kdump.lab.launcher;
