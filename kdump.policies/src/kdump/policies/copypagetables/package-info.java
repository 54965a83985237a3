// SPDX-License-Identifier: Apache-2.0

/** The hand-over of VT-d as proposed before Linux 4.2. */
package kdump.policies.copypagetables;
