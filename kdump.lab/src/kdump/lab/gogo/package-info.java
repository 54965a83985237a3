// SPDX-License-Identifier: Apache-2.0

/** The interactive shell: Gogo with the commands of the lab in scope {@code lab}. */
package kdump.lab.gogo;
