/**
 * A member's directory as releases before the second format of the member file left it: files by
 * path in Base64, as JSON, compressed and in Base64 again.
 */
export const packedDirectory: string = [
  "H4sIAAAAAAACA+1aWY+jOhr9L3m9U91AQqVT0n0wS4ipgjSEzX5jSSeASaKiEpar+e8j7Cx0hO6dkeaR8xDV933H9s",
  "HHC0rlrwk57r5zHWbfyHE3eZtkpb492JwErB24w+o+VCvSFoePCvyG5U9OKvfpphXnofXLku4FiTXqPlzNg9IUPGrA",
  "fdAew8iPuvro/zGeAZ7+1AJwdOgwiuZ/qToQZi3TSqFQjmK8GhmYG+2xMZSyXWewWre9HICPbisqqOPUjKMyjlP2c+",
  "BJB6KcjHIaxoHzfq7XoKfJYJyWclrW7pqr/vxz8q+HN+I3kkSTtwmQQBn6NokO9ilZ5dL9WVdlioSaj6c2iVP4Cguj",
  "hmmVRsUix5suntE49MUMBfoZBfYpEmbpOlsugJQepaK+4ObH78YCVbobplNvcSzvzd780rLazdlSzpP0h9qrDXrZQ2",
  "+dGEN11l4i1bvK9dL62egtS7CjfjXrzqfsWK9b+Go45XPcawCZX9mxobWs48L5c/ysQ1Pgq9F2NaPjtpTbj6shTVZX",
  "4zquqZTPsTSgiac1qt+dP8dDmkyqF3VcgXL7cQUHNMVdbUq5VP9v8dA8zbramurfzZ/jIU1rqjfvuCLl9uNKHfKuYj",
  "4B6plB+77nhjTVV4+v/jKvb7lB7xzIOHR+VOb1LTe8npjHjsE4dK7uOXlIE/NY5RiHen3PPe8LpsllHKabZ+2uOWtQ",
  "k8A4iHHYs9xyg/PEPFanjBPP+7nhedqxfcN0z1i7aw4MahIZJ2cc9iy3HFBNV44FcR+vzGM0tSSpd16FvpjjYJeus7",
  "yEB5vEBZeuM1jCwrxEBT7hqdfcz6lUJ1v3dEYCJxq+CR2f/IxW1nTjc3yo6YHnk5+hezqiPJmGbq1sMj01eL1EgmiG",
  "7qKMBZKGuXdyVPM9cfnTJjD1yLFfN35VxRw5Y63ee4J9waqpmzmPDN82LO7U+iTRtr7+5R1ItnVzwZuS98QVlU3R1Y",
  "8t8vabxDsh53AKfZU/OULNYbVWNgec+0v9jDK9TLxjhVckNXg8RVOimySujZWpRy6qsRqLjncK7EwPXS4X/ILXYsFo",
  "vCxPP2S9CP2awOw0h4W4j3y3m4c2KpZVLOwvicyJHw78MlKOnu3oQDgcGOk6s+oPWc9DPyHx1OraFGvfErBDUlRggh",
  "28R1ku4gyKZqbn2MEpcizOdJZ75C/ztbJrTccszKLL6Rlq98VaQ7ypgMpo3RY5uWBqsIEHfgGs2kq0JYctdXW/2d9j",
  "9Nnb572DTntao713Cwpn6CIAbH/Su+fwdZIWBg45K1eiDGoS/+hzS0Iz6d811ZAE8P8Zl5spN1q8+PpAljrU7z+N+3",
  "eg4z7eb7rtlqzB7axa/Yw2gioN3rGD/av/1aB0PPv5zr0+x+pHFsmllcupnCIIsg26zv2x+/gA0o/tFOUA7sxu3XI4",
  "gOdI8wTs1zlKRTnxSZlo5GwV9SUSeO3KaWa7yulrFC/er7QCOpha0vcbKiVR+logeC+3zquiyBfFjsH/Au/7GaSNzd",
  "uL8vaOJbu2rZrO5G3iuMv1xsVLl7e+jG7BK6CRd/eXMQOYcKlunBf6ViZM3ibepZj9IVUAWGrYf9ptYJNEIC12zUsU",
  "SPu4WHLR9D0/wPMfcvcUO0MHwFAloDjpQYg+aM7qcpoE4hXYBXPFlk5Y886JRrit9XBbCUwOBTYB1n0XdQKLbRFtP7",
  "9l5fEweZtsG72IpvoXCqx0naklLEiOfZELA1tkR4pZJoHZWdAdEZmx6Y5e8YI1esycWUzOSFg2UbHkQn9xhtmx/rWp",
  "0kQgXFR4bdzAV1wsy1hwe0e4UcIDviS3fhp9IRdmg1qjgRrOUIb3pkLy66yWh/BU7o9fL4sX4UV44akH3mbj2rrlzn",
  "YuJ0ru0oQOb+0M6/PkJSClU0AXuX0OfZGwLZx3vVXh1/azCD/zydsE7xfN1hrYANJ6K+QrDowYMWLEiBEjRowYMWLE",
  "iBEjRowYMWLEiAfkKYJa7x8rj+9XA/obkO53C//+Dz84GwVVIgAA",
].join("");
