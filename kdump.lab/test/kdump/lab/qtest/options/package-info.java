// SPDX-License-Identifier: Apache-2.0

/** Tests of the command line. */
package kdump.lab.qtest.options;
