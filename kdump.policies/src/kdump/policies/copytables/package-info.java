// SPDX-License-Identifier: Apache-2.0

/** The hand-over of VT-d from Linux 4.2 on. */
package kdump.policies.copytables;
